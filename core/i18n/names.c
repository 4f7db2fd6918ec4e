/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of dates in each language: what a catalogue says, under Django's messages, else the names below.
 *
 * The table is text, which costs no relocations: months | months beside a day where they differ | short months | weekdays from Monday |
 * short weekdays | halves of the day where there are words for them. script/locale-names prints it. */
#include "internal.h"
#include "../base/clock.h"
#include <string.h>
#include <strings.h>

static const char *const rows[] = {
    "af|Januarie,Februarie,Maart,April,Mei,Junie,Julie,Augustus,September,Oktober,November,Desember||Jan,Feb,Mrt,Apr,Mei,Jun,Jul,Aug,Sep,Okt,Nov,Des|Maandag,Dinsdag,Woensdag,Donderdag,Vrydag,Saterdag,Sondag|Ma,Di,Wo,Do,Vr,Sa,So|VM,NM",
    "ar|يناير,فبراير,مارس,أبريل,مايو,يونيو,يوليو,أغسطس,سبتمبر,أكتوبر,نوفمبر,ديسمبر||ينا,فبر,مار,أبر,ماي,يون,يول,أغس,سبت,أكت,نوف,ديس|الاثنين,الثلاثاء,الأربعاء,الخميس,الجمعة,السبت,الأحد|ن,ث,ر,خ,ج,س,ح|ص,م",
    "ar-dz|جانفي,فيفري,مارس,أفريل,ماي,جوان,جويلية,أوت,سبتمبر,أكتوبر,نوفمبر,ديسمبر||جانفي,فيفري,مارس,أفريل,ماي,جوان,جويلية,أوت,سبتمبر,أكتوبر,نوفمبر,ديسمبر|الاثنين,الثلاثاء,الأربعاء,الخميس,الجمعة,السبت,الأحد|ن,ث,ر,خ,ج,س,ح|ص,م",
    "ast|xineru,febreru,marzu,abril,mayu,xunu,xunetu,agostu,setiembre,ochobre,payares,avientu|de xineru,de febreru,de marzu,d’abril,de mayu,de xunu,de xunetu,d’agostu,de setiembre,d’ochobre,de payares,d’avientu|xin,feb,mar,abr,may,xun,xnt,ago,set,och,pay,avi|llunes,martes,miércoles,xueves,vienres,sábadu,domingu|llu,mar,mié,xue,vie,sáb,dom|",
    "az|yanvar,fevral,mart,aprel,may,iyun,iyul,avqust,sentyabr,oktyabr,noyabr,dekabr||Yan,Fev,Mar,Apr,May,İyn,İyl,Avq,Sen,Okt,Noy,Dek|bazar ertəsi,çərşənbə axşamı,çərşənbə,cümə axşamı,cümə,şənbə,bazar günü|ber,çax,çər,cax,cüm,şnb,baz|",
    "be|студзень,люты,сакавік,красавік,май,чэрвень,ліпень,жнівень,верасень,кастрычнік,лістапад,снежань|студзеня,лютага,сакавіка,красавіка,мая,чэрвеня,ліпеня,жніўня,верасня,кастрычніка,лістапада,снежня|сту,лют,сак,кра,мая,чэр,ліп,жні,вер,кас,ліс,сне|Панядзелак,Аўторак,Серада,Чацвер,Пятніца,Субота,Нядзеля|Пан,Аўт,Срд,Чцв,Пят,Суб,Няд|",
    "bg|януари,февруари,март,април,май,юни,юли,август,септември,октомври,ноември,декември||яну,фев,мар,апр,май,юни,юли,авг,сеп,окт,ное,дек|понеделник,вторник,сряда,четвъртък,петък,събота,неделя|пн,вт,ср,чт,пт,сб,нд|",
    "bn|জানুয়ারী,ফেব্রুয়ারী,মার্চ,এপ্রিল,মে,জুন,জুলাই,আগস্ট,সেপ্টেম্বর,অক্টোবর,নভেম্বর,ডিসেম্বর||জানু,ফেব,মার্চ,এপ্রিল,মে,জুন,জুলাই,আগস্ট,সেপ্টেম্বর,অক্টোবর,নভেম্বর,ডিসেম্বর|সোমবার,মঙ্গলবার,বুধবার,বৃহস্পতিবার,শুক্রবার,শনিবার,রবিবার|সোম,মঙ্গল,বুধ,বৃহঃ,শুক্র,শনি,রবি|পূর্বাহ্ণ,অপরাহ্ণ",
    "br|Genver,Cʼhwevrer,Meurzh,Ebrel,Mae,Mezheven,Gouere,Eost,Gwengolo,Here,Du,Kerzu||Gen,Cʼhw,Meu,Ebr,Mae,Mezh,Gou,Eos,Gwe,Her,Du,Ker|lun,meurzh,mercʼher,yaou,gwener,sadorn,sul|lun,meu,mer,yao,gwe,sad,sul|",
    "bs|Januar,Februar,Mart,April,Maj,Juni,Juli,August,Septembar,Oktobar,Novembar,Decembar||Jan,Feb,Mar,Apr,Maj,Jun,Jul,Aug,Sep,Okt,Nov,Dec|Ponedjeljak,Utorak,Srijeda,Četvrtak,Petak,Subota,Nedjelja|Pon,Uto,Sri,Čet,Pet,Sub,Ned|",
    "ca|gener,febrer,març,abril,maig,juny,juliol,agost,setembre,octubre,novembre,desembre|de gener,de febrer,de març,d’abril,de maig,de juny,de juliol,d’agost,de setembre,d’octubre,de novembre,de desembre|de gen.,de febr.,de març,d’abr.,de maig,de juny,de jul.,d’ag.,de set.,d’oct.,de nov.,de des.|dilluns,dimarts,dimecres,dijous,divendres,dissabte,diumenge|dl.,dt.,dc.,dj.,dv.,ds.,dg.|a. m.,p. m.",
    "ckb|کانونی دووەم,شوبات,ئازار,نیسان,ئایار,حوزەیران,تەموز,ئاب,ئەیلوول,تشرینی یەکەم,تشرینی دووەم,کانونی یەکەم||کا٢,شوب,ئاز,نیس,ئای,حوز,تەم,ئاب,ئەی,تش١,تش٢,کا١|دووشەممە,سێشەممە,چوارشەممە,پێنجشەممە,هەینی,شەممە,یەكشەممە|یەکش,دووش,سێش,چواش,پێنش,هەین,شەم|پن,دن",
    "cs|leden,únor,březen,duben,květen,červen,červenec,srpen,září,říjen,listopad,prosinec|ledna,února,března,dubna,května,června,července,srpna,září,října,listopadu,prosince|led,úno,bře,dub,kvě,čen,čec,srp,zář,říj,lis,pro|Pondělí,Úterý,Středa,Čtvrtek,Pátek,Sobota,Neděle|Po,Út,St,Čt,Pá,So,Ne|",
    "cy|Ionawr,Chwefror,Mawrth,Ebrill,Mai,Mehefin,Gorffennaf,Awst,Medi,Hydref,Tachwedd,Rhagfyr||Ion,Chw,Maw,Ebr,Mai,Meh,Gor,Aws,Med,Hyd,Tach,Rha|Llun,Mawrth,Mercher,Iau,Gwener,Sadwrn,Sul|Llu,Maw,Mer,Iau,Gwe,Sad,Sul|am,pm",
    "da|januar,februar,marts,april,maj,juni,juli,august,september,oktober,november,december||jan,feb,mar,apr,maj,jun,jul,aug,sep,okt,nov,dec|mandag,tirsdag,onsdag,torsdag,fredag,lørdag,søndag|man,tir,ons,tor,fre,lør,søn|",
    "de|Januar,Februar,März,April,Mai,Juni,Juli,August,September,Oktober,November,Dezember||Jan,Feb,Mär,Apr,Mai,Jun,Jul,Aug,Sep,Okt,Nov,Dez|Montag,Dienstag,Mittwoch,Donnerstag,Freitag,Samstag,Sonntag|Mo,Di,Mi,Do,Fr,Sa,So|",
    "dsb|Januar,Februar,Měrc,Apryl,Maj,Junij,Julij,Awgust,September,Oktober,Nowember,December|januara,februara,měrca,apryla,maja,junija,julija,awgusta,septembra,oktobra,nowembra,decembra|Jan,Feb,Měr,Apr,Maj,Jun,Jul,Awg,Sep,Okt,Now,Dec|Pónjeźele,Wałtora,Srjoda,Stwórtk,Pětk,Sobota,Njeźela|Pó,Wa,Sr,St,Pě,So,Nj|",
    "el|Ιανουάριος,Φεβρουάριος,Μάρτιος,Απρίλιος,Μάιος,Ιούνιος,Ιούλιος,Αύγουστος,Σεπτέμβριος,Οκτώβριος,Νοέμβριος,Δεκέμβριος|Ιανουαρίου,Φεβρουαρίου,Μαρτίου,Απριλίου,Μαΐου,Ιουνίου,Ιουλίου,Αυγούστου,Σεπτεμβρίου,Οκτωβρίου,Νοεμβρίου,Δεκεμβρίου|Ιαν,Φεβ,Μαρ,Απρ,Μαΐ,Ιουν,Ιουλ,Αυγ,Σεπ,Οκτ,Νοε,Δεκ|Δευτέρα,Τρίτη,Τετάρτη,Πέμπτη,Παρασκευή,Σάββατο,Κυριακή|Δευ,Τρι,Τετ,Πεμ,Παρ,Σαβ,Κυρ|πμ,μμ",
    "eo|Januaro,Februaro,Marto,Aprilo,Majo,Junio,Julio,Aŭgusto,Septembro,Oktobro,Novembro,Decembro||Jan,Feb,Mar,Apr,Maj,Jun,Jul,Aŭg,Sep,Okt,Nov,Dec|lundo,mardo,merkredo,ĵaŭdo,vendredo,sabato,dimanĉo|lun,mar,mer,ĵaŭ,ven,sab,dim|",
    "es|enero,febrero,marzo,abril,mayo,junio,julio,agosto,septiembre,octubre,noviembre,diciembre||ene,feb,mar,abr,may,jun,jul,ago,sep,oct,nov,dic|lunes,martes,miércoles,jueves,viernes,sábado,domingo|lun,mar,mié,jue,vie,sáb,dom|",
    "et|jaanuar,veebruar,märts,aprill,mai,juuni,juuli,august,september,oktoober,november,detsember||jaan,veebr,märts,apr,mai,juuni,juuli,aug,sept,okt,nov,dets|esmaspäev,teisipäev,kolmapäev,neljapäev,reede,laupäev,pühapäev|E,T,K,N,R,L,P|",
    "eu|urtarrila,otsaila,martxoa,apirila,maiatza,ekaina,uztaila,abuztua,iraila,urria,azaroa,abendua||urt,ots,mar,api,mai,eka,uzt,abu,ira,urr,aza,abe|astelehena,asteartea,asteazkena,osteguna,ostirala,larunbata,igandea|al.,ar.,az.,og.,or.,lr.,ig.|",
    "fa|ژانویه,فوریه,مارس,آوریل,مه,ژوئن,ژوئیه,اوت,سپتامبر,اكتبر,نوامبر,دسامبر||ژانویه,فوریه,مارس,آوریل,مه,ژوئن,ژوئیه,اوت,سپتامبر,اكتبر,نوامبر,دسامبر|دوشنبه,سه‌شنبه,چهارشنبه,پنجشنبه,جمعه,شنبه,یکشنبه|دوشنبه,سه‌شنبه,چهارشنبه,پنجشنبه,جمعه,شنبه,یکشنبه|",
    "fi|tammikuu,helmikuu,maaliskuu,huhtikuu,toukokuu,kesäkuu,heinäkuu,elokuu,syyskuu,lokakuu,marraskuu,joulukuu||tammi,helmi,maalis,huhti,touko,kesä,heinä,elo,syys,loka,marras,joulu|maanantai,tiistai,keskiviikko,torstai,perjantai,lauantai,sunnuntai|ma,ti,ke,to,pe,la,su|",
    "fr|janvier,février,mars,avril,mai,juin,juillet,août,septembre,octobre,novembre,décembre||janv.,févr.,mars,avril,mai,juin,juil.,août,sept.,oct.,nov.,déc.|lundi,mardi,mercredi,jeudi,vendredi,samedi,dimanche|lun.,mar.,mer.,jeu.,ven.,sam.,dim.|",
    "fy|Jannewaris,Febrewaris,Maart,April,Maaie,Juny,July,Augustus,Septimber,Oktober,Novimber,Desimber||Jan,Feb,Mrt,Apr,Mai,Jun,Jul,Aug,Sep,Okt,Nov,Des|Moandei,Tiisdei,Woansdei,Tongersdei,Freed,Sneon,Snein|Mo,Ti,Wo,To,Fr,Sn,Sn|",
    "ga|Eanáir,Feabhra,Márta,Aibreán,Bealtaine,Meitheamh,Iúil,Lúnasa,Meán Fómhair,Deireadh Fómhair,Samhain,Nollaig||Ean,Feabh,Márta,Aib,Beal,Meith,Iúil,Lún,MFómh,DFómh,Samh,Noll|Dé Luain,Dé Máirt,Dé Céadaoin,Déardaoin,Dé hAoine,Dé Sathairn,Dé Domhnaigh|Luan,Máirt,Céad,Déar,Aoine,Sath,Domh|",
    "gd|Am Faoilleach,An Gearran,Am Màrt,An Giblean,An Cèitean,An t-Ògmhios,An t-Iuchar,An Lùnastal,An t-Sultain,An Dàmhair,An t-Samhain,An Dùbhlachd|dhen Fhaoilleach,dhen Ghearran,dhen Mhàrt,dhen Ghiblean,dhen Chèitean,dhen Ògmhios,dhen Iuchar,dhen Lùnastal,dhen t-Sultain,dhen Dàmhair,dhen t-Samhain,dhen Dùbhlachd|Faoi,Gearr,Màrt,Gibl,Cèit,Ògmh,Iuch,Lùna,Sult,Dàmh,Samh,Dùbh|DiLuain,DiMàirt,DiCiadain,DiarDaoin,DihAoine,DiSathairne,DiDòmhnaich|DiL,DiM,DiC,Dia,Dih,DiS,DiD|m,f",
    "gl|Xaneiro,Febreiro,Marzo,Abril,Maio,Xuño,Xullo,Agosto,Setembro,Outubro,Novembro,Decembro||Xan,Feb,Mar,Abr,Mai,Xuñ,Xul,Ago,Set,Out,Nov,Dec|Luns,Martes,Mércores,Xoves,Venres,Sábado,Domingo|Lun,Mar,Mér,Xov,Ven,Sáb,Dom|",
    "he|ינואר,פברואר,מרץ,אפריל,מאי,יוני,יולי,אוגוסט,ספטמבר,אוקטובר,נובמבר,דצמבר||ינו,פבר,מרץ,אפר,מאי,יונ,יול,אוג,ספט,אוק,נוב,דצמ|שני,שלישי,רביעי,חמישי,שישי,שבת,ראשון|ב',ג',ד',ה',ו',ש',א'|AM,PM",
    "hi|जनवरी,फ़रवरी,मार्च,अप्रैल,मई,जून,जुलाई,अगस्त,सितंबर,अक्तूबर,नवंबर,दिसंबर||जन॰,फ़र॰,मार्च,अप्रैल,मई,जून,जुल॰,अग॰,सित॰,अक्तू॰,नव॰,दिस॰|सोमवार,मंगलवार,बुधवार,गुरुवार,शुक्रवार,शनिवार,रविवार|सोम,मंगल,बुध,गुरु,शुक्र,शनि,रवि|पूर्वाह्न,अपराह्न",
    "hr|siječanj,veljača,ožujak,travanj,svibanj,lipanj,srpanj,kolovoz,rujan,listopad,studeni,prosinac|siječnja,veljače,ožujka,travnja,svibnja,lipnja,srpnja,kolovoza,rujna,listopada,studenoga,prosinca|sij,velj,ožu,tra,svi,lip,srp,kol,ruj,lis,stu,pro|ponedjeljak,utorak,srijeda,četvrtak,petak,subota,nedjelja|pon,uto,sri,čet,pet,sub,ned|",
    "hsb|Januar,Februar,Měrc,Apryl,Meja,Junij,Julij,Awgust,September,Oktober,Nowember,December|januara,februara,měrca,apryla,meje,junija,julija,awgusta,septembra,oktobra,nowembra,decembra|Jan,Feb,Měr,Apr,Mej,Jun,Jul,Awg,Sep,Okt,Now,Dec|Póndźela,Wutora,Srjeda,Štvórtk,Pjatk,Sobota,Njedźela|Pó,Wu,Sr,Št,Pj,So,Nj|",
    "hu|január,február,március,április,május,június,július,augusztus,szeptember,október,november,december||jan,febr,márc,ápr,máj,jún,júl,aug,szept,okt,nov,dec|hétfő,kedd,szerda,csütörtök,péntek,szombat,vasárnap|h,k,sze,cs,p,szo,v|",
    "hy|հունվար,փետրվար,մարտ,ապրիլ,մայիս,հունիս,հուլիս,օգոստոս,սեպտեմբեր,հոկտեմբեր,նոյեմբեր,դեկտեմբեր|հունվարի,փետրվարի,մարտի,ապրիլի,մայիսի,հունիսի,հուլիսի,օգոստոսի,սեպտեմբերի,հոկտեմբերի,նոյեմբերի,դեկտեմբերի|Հնվ,Փտր,Մար,Ապր,Մայ,Հնս,Հլս,Օգս,Սեպ,Հոկ,Նմբ,Դեկ|Երկուշաբթի,Երեքշաբթի,Չորեքշաբթի,Հինգշաբթի,Ուրբաթ,Շաբաթ,Կիրակի|Երկ,Երք,Չրք,Հնգ,Ուր,Շբթ,Կրկ|",
    "ia|januario,februario,martio,april,maio,junio,julio,augusto,septembre,octobre,novembre,decembre||jan,feb,mar,apr,mai,jun,jul,aug,sep,oct,nov,dec|lunedi,martedi,mercuridi,jovedi,venerdi,sabbato,dominica|lun,mar,mer,jov,ven,sab,dom|AM,PM",
    "id|Januari,Februari,Maret,April,Mei,Juni,Juli,Agustus,September,Oktober,November,Desember||Jan,Feb,Mar,Apr,Mei,Jun,Jul,Agu,Sep,Okt,Nov,Des|Senin,Selasa,Rabu,Kamis,Jumat,Sabtu,Minggu|Sen,Sel,Rab,Kam,Jum,Sab,Min|",
    "ig|Jenụwarị,Febrụwarị,Maachị,Eprel,Mee,Juun,Julaị,Ọgọọst,Septemba,Ọktoba,Novemba,Disemba||Jen,Feb,Maa,Epr,Mee,Juu,Jul,Ọgọ,Sep,Ọkt,Nov,Dis|mọnde,tuzde,wenzde,tọsde,fraịde,satọde,sọnde|mọn,tuz,wen,tọs,fra,sat,sọn|AM,PM",
    "is|janúar,febrúar,mars,apríl,maí,júní,júlí,ágúst,september,október,nóvember,desember||jan,feb,mar,apr,maí,jún,júl,ágú,sep,okt,nóv,des|mánudagur,þriðjudagur,miðvikudagur,fimmtudagur,föstudagur,laugardagur,sunnudagur|mán,þri,mið,fim,fös,lau,sun|fh,eh",
    "it|gennaio,febbraio,marzo,aprile,maggio,giugno,luglio,agosto,settembre,ottobre,novembre,dicembre||gen,feb,mar,apr,mag,giu,lug,ago,set,ott,nov,dic|lunedì,martedì,mercoledì,giovedì,venerdì,sabato,domenica|lun,mar,mer,gio,ven,sab,dom|",
    "ja|1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月||1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月|月曜日,火曜日,水曜日,木曜日,金曜日,土曜日,日曜日|月,火,水,木,金,土,日|午前,午後",
    "ka|იანვარი,თებერვალი,მარტი,აპრილი,მაისი,ივნისი,ივლისი,აგვისტო,სექტემბერი,ოქტომბერი,ნოემბერი,დეკემბერი||იან,თებ,მარ,აპრ,მაი,ივნ,ივლ,აგვ,სექ,ოქტ,ნოე,დეკ|ორშაბათი,სამშაბათი,ოთხშაბათი,ხუთშაბათი,პარასკევი,შაბათი,კვირა|ორშ,სამ,ოთხ,ხუთ,პარ,შაბ,კვი|",
    "kab|Yennayer,Fuṛar,Meɣres,Yebrir,Mayyu,Yunyu,Yulyu,ɣuct,Ctembeṛ,Tubeṛ,Wambeṛ,Dujembeṛ||Yen,Fur,Meɣ,Yeb,May,Yun,Yul,ɣuc,Cte,Tub,Wam,Duj|Arim,Aram,Ahad,Amhad,Sem,Sed,Acer|Ari,Ara,Aha,Amh,Sem,Sed,Ace|FT,MD",
    "kk|Қаңтар,Ақпан,Наурыз,Сәуір,Мамыр,Маусым,Шілде,Тамыз,Қыркүйек,Қазан,Қараша,Желтоқсан||Қаң,Ақп,Нау,Сәу,Мам,Мау,Шіл,Там,Қыр,Қаз,Қар,Жел|Дүйсенбі,Сейсенбі,Сәрсенбі,Бейсенбі,Жұма,Сенбі,Жексенбі|Дс,Сс,Ср,Бс,Жм,Сб,Жк|",
    "km|មករា,កុម្ភៈ,មីនា,មេសា,ឧសភា,មិថុនា,កក្កដា,សីហា,កញ្ញា,តុលា,វិច្ឆិកា,ធ្នូ||១,២,៣,៤,៥,៦,៧,៨,៩,១០,១១,១២|ថ្ងៃ​ច័ន្ទ,ថ្ងៃ​អង្គារ,ថ្ងៃ​ពុធ,ថ្ងៃ​ព្រហស្បតិ៍,ថ្ងៃ​សុក្រ,ថ្ងៃ​សៅរ៍,ថ្ងៃ​អាទិត្យ|ច,អ,ពុ,ព្រ,សុ,ស,អា|ព្រឹក,ល្ងាច",
    "kn|ಜನವರಿ,ಫೆಬ್ರವರಿ,ಮಾರ್ಚ್,ಏಪ್ರಿಲ್,ಮೇ,ಜೂನ್,ಜುಲೈ,ಆಗಸ್ಟ್,ಸೆಪ್ಟೆಂಬರ್,ಅಕ್ಟೋಬರ್,ನವೆಂಬರ್,ಡಿಸೆಂಬರ್||ಜನ,ಫೆಬ್ರ,ಮಾರ್ಚ್,ಏಪ್ರಿ,ಮೇ,ಜೂನ್,ಜುಲೈ,ಆ,ಸೆಪ್ಟೆಂ,ಅಕ್ಟೋ,ನವೆಂ,ಡಿಸೆಂ|ಸೋಮವಾರ,ಮಂಗಳವಾರ,ಬುಧವಾರ,ಗುರುವಾರ,ಶುಕ್ರವಾರ,ಶನಿವಾರ,ರವಿವಾರ|ಸೋ,ಮಂ,ಬು,ಗು,ಶು,ಶ,ರ|ಪೂರ್ವಾಹ್ನ,ಅಪರಾಹ್ನ",
    "ko|1월,2월,3월,4월,5월,6월,7월,8월,9월,10월,11월,12월||1월,2월,3월,4월,5월,6월,7월,8월,9월,10월,11월,12월|월요일,화요일,수요일,목요일,금요일,토요일,일요일|월,화,수,목,금,토,일|오전,오후",
    "ky|январь,февраль,март,апрель,май,июнь,июль,август,сентябрь,октябрь,ноябрь,декабрь||янв,фев,мар,апр,май,июн,июл,авг,сен,окт,ноя,дек|дүйшөмбү,шейшемби,шаршемби,бейшемби,жума,ишемби,жекшемби|дш,ше,ша,бш,жм,иш,жк|",
    "lb|Januar,Februar,Mäerz,Abrëll,Mee,Juni,Juli,August,September,Oktober,November,Dezember||Jan,Feb,Mäe,Abr,Mee,Jun,Jul,Aug,Sep,Okt,Nov,Dez|Méindeg,Dënschdeg,Mëttwoch,Donneschdeg,Freideg,Samschdeg,Sonndeg|Mé,Dë,Më,Do,Fr,Sa,So|",
    "lt|sausis,vasaris,kovas,balandis,gegužė,birželis,liepa,rugpjūtis,rugsėjis,spalis,lapkritis,gruodis|sausio,vasario,kovo,balandžio,gegužės,birželio,liepos,rugpjūčio,rugsėjo,spalio,lapkričio,gruodžio|saus.,vas.,kov.,bal.,geg.,birž.,liep.,rugp.,rugs.,spal.,lapkr.,gruod.|Pirmadienis,Antradienis,Trečiadienis,Ketvirtadienis,Penktadienis,Šeštadienis,Sekmadienis|Pr,An,Tr,Kt,Pn,Št,Sk|",
    "lv|janvāris,februāris,marts,aprīlis,maijs,jūnijs,jūlijs,augusts,septembris,oktobris,novembris,decembris||jan,feb,mar,apr,mai,jūn,jūl,aug,sep,okt,nov,dec|pirmdiena,otrdiena,trešdiena,ceturtdiena,piektdiena,sestdiena,svētdiena|P,O,T,C,Pk,S,Sv|",
    "mk|јануари,февруари,март,април,мај,јуни,јули,август,септември,октомври,ноември,декември||јан,фев,мар,апр,мај,јун,јул,авг,сеп,окт,ное,дек|понеделник,вторник,среда,четврток,петок,сабота,недела|пон,вто,сре,чет,пет,саб,нед|",
    "ml|ജനുവരി,ഫെബ്രുവരി,മാർച്ച്,ഏപ്രിൽ,മേയ്,ജൂൺ,ജൂലൈ,ഓഗസ്റ്റ്,സെപ്റ്റംബർ,ഒക്‌ടോബർ,നവംബർ,ഡിസംബർ||ജനു,ഫെബ്രു,മാർ,ഏപ്രി,മേയ്,ജൂൺ,ജൂലൈ,ഓഗ,സെപ്റ്റം,ഒക്ടോ,നവം,ഡിസം|തിങ്കള്‍,ചൊവ്വ,ബുധന്‍,വ്യാഴം,വെള്ളി,ശനി,ഞായര്‍|തി,ചൊ,ബു,വ്യാ,വെ,ശ,ഞാ|രാവിലെ,വൈകു",
    "mn|Нэгдүгээр сар,Хоёрдугаар сар,Гуравдугаар сар,Дөрөвдүгээр сар,Тавдугаар сар,Зургадугаар сар,Долдугаар сар,Наймдугаар сар,Есдүгээр сар,Аравдугаар сар,Арван нэгдүгээр сар,Арван хоёрдугаар сар||1-р сар,2-р сар,3-р сар,4-р сар,5-р сар,6-р сар,7-р сар,8-р сар,9-р сар,10-р сар,11-р сар,12-р сар|Даваа,Мягмар,Лхагва,Пүрэв,Баасан,Бямба,Ням|Да,Мя,Лх,Пү,Ба,Бя,Ня|",
    "mr|जानेवारी,फेब्रुवारी,मार्च,एप्रिल,मे,जून,जुलै,ऑगस्ट,सप्टेंबर,ऑक्टोबर,नोव्हेंबर,डिसेंबर||जाने,फेब्रु,मार्च,एप्रि,मे,जून,जुलै,ऑग,सप्टें,ऑक्टो,नोव्हें,डिसें|सोमवार,मंगळवार,बुधवार,गुरुवार,शुक्रवार,शनिवार,रविवार|सोम,मंगळ,बुध,गुरु,शुक्र,शनि,रवि|म.पू.,म.नं.",
    "ms|Januari,Februari,Mac,April,Mei,Jun,Julai,Ogos,September,Oktober,November,Disember||Jan,Feb,Mac,Apr,Mei,Jun,Jul,Ogos,Sep,Okt,Nov,Dis|Isnin,Selasa,Rabu,Khamis,Jumaat,Sabtu,Ahad|Isn,Sel,Rab,Kha,Jum,Sab,Ahd|",
    "my|ဇန်နဝါရီ,ဖေဖော်ဝါရီ,မတ်,ဧပြီ,မေ,ဇွန်,ဇူလိုင်,ဩဂုတ်,စက်တင်ဘာ,အောက်တိုဘာ,နိုဝင်ဘာ,ဒီဇင်ဘာ||ဇန်,ဖေ,မတ်,ဧပြီ,မေ,ဇွန်,ဇူ,ဩ,စက်,အောက်,နို,ဒီ|တနင်္လာ,အင်္ဂါ,ဗုဒ္ဓဟူး,ကြာသပတေး,သောကြာ,စနေ,တနင်္ဂနွေ|လာ,ဂါ,ဟူး,တေး,သော,နေ,နွေ|နံနက်,ညနေ",
    "nb|januar,februar,mars,april,mai,juni,juli,august,september,oktober,november,desember||jan.,feb.,mars,april,mai,juni,juli,aug.,sep.,okt.,nov.,des.|mandag,tirsdag,onsdag,torsdag,fredag,lørdag,søndag|ma.,ti.,on.,to.,fr.,lø.,sø.|",
    "ne|जनवरी,फेब्रुअरी,मार्च,अप्रिल,मे,जुन,जुलाई,अगस्ट,सेप्टेम्बर,अक्टोबर,नोभेम्बर,डिसेम्बर||जन,फेब्रुअरी,मार्च,अप्रिल,मे,जुन,जुलाई,अगस्ट,सेप्टेम्बर,अक्टोबर,नोभेम्बर,डिसेम्बर|सोमबार,मङ्गलबार,बुधबार,बिहीबार,शुक्रबार,शनिबार,आइतबार|सोम,मङ्गल,बुध,बिही,शुक्र,शनि,आइत|पूर्वाह्न,अपराह्न",
    "nl|januari,februari,maart,april,mei,juni,juli,augustus,september,oktober,november,december||jan,feb,mrt,apr,mei,jun,jul,aug,sep,okt,nov,dec|maandag,dinsdag,woensdag,donderdag,vrijdag,zaterdag,zondag|ma,di,wo,do,vr,za,zo|",
    "nn|januar,februar,mars,april,mai,juni,juli,august,september,oktober,november,desember||jan.,feb.,mars,april,mai,juni,juli,aug.,sep.,okt.,nov.,des.|måndag,tysdag,onsdag,torsdag,fredag,laurdag,sundag|må.,ty.,on.,to.,fr.,la.,su.|",
    "os|Январь,Февраль,Мартъи,Апрель,Май,Июнь,Июль,Август,Сентябрь,Октябрь,Ноябрь,Декабрь|январы,февралы,мартъийы,апрелы,майы,июны,июлы,августы,сентябры,октябры,ноябры,декабры|Янв,Фев,Мар,Апр,Май,Июн,Июл,Авг,Сен,Окт,Ноя,Дек|Къуырисæр,Дыццæг,Æртыццæг,Цыппæрæм,Майрæмбон,Сабат,Хуыцаубон|Крс,Дцг,Æрт,Цпр,Мрб,Сбт,Хцб|",
    "pa|ਜਨਵਰੀ,ਫ਼ਰਵਰੀ,ਮਾਰਚ,ਅਪ੍ਰੈਲ,ਮਈ,ਜੂਨ,ਜੁਲਾਈ,ਅਗਸਤ,ਸਤੰਬਰ,ਅਕਤੂਬਰ,ਨਵੰਬਰ,ਦਸੰਬਰ||ਜਨ,ਫ਼ਰ,ਮਾਰਚ,ਅਪ੍ਰੈ,ਮਈ,ਜੂਨ,ਜੁਲਾ,ਅਗ,ਸਤੰ,ਅਕਤੂ,ਨਵੰ,ਦਸੰ|ਸੋਮਵਾਰ,ਮੰਗਲਵਾਰ,ਬੁੱਧਵਾਰ,ਵੀਰਵਾਰ,ਸ਼ੁੱਕਰਵਾਰ,ਸ਼ਨਿੱਚਰਵਾਰ,ਐਤਵਾਰ|ਸੋਮ,ਮੰਗਲ,ਬੁੱਧ,ਵੀਰ,ਸ਼ੁੱਕਰ,ਸ਼ਨਿੱਚਰ,ਐਤ|ਸਵੇਰੇ,ਸ਼ਾਮ",
    "pl|styczeń,luty,marzec,kwiecień,maj,czerwiec,lipiec,sierpień,wrzesień,październik,listopad,grudzień|stycznia,lutego,marca,kwietnia,maja,czerwca,lipca,sierpnia,września,października,listopada,grudnia|sty,lut,mar,kwi,maj,cze,lip,sie,wrz,paź,lis,gru|poniedziałek,wtorek,środa,czwartek,piątek,sobota,niedziela|pon,wto,śro,czw,pią,sob,nie|",
    "pt|janeiro,fevereiro,março,abril,maio,junho,julho,agosto,setembro,outubro,novembro,dezembro||jan,fev,mar,abr,mai,jun,jul,ago,set,out,nov,dez|segunda,terça,quarta,quinta,sexta,sábado,domingo|seg,ter,qua,qui,sex,sáb,dom|",
    "pt-br|janeiro,fevereiro,março,abril,maio,junho,julho,agosto,setembro,outubro,novembro,dezembro||jan,fev,mar,abr,mai,jun,jul,ago,set,out,nov,dez|segunda,terça,quarta,quinta,sexta,sábado,domingo|seg,ter,qua,qui,sex,sáb,dom|",
    "ro|ianuarie,februarie,martie,aprilie,mai,iunie,iulie,august,septembrie,octombrie,noiembrie,decembrie||ian,feb,mar,apr,mai,iun,iul,aug,sep,oct,nov,dec|luni,marți,miercuri,joi,vineri,sâmbătă,duminică|Lu,Ma,Mi,Jo,Vi,Sb,Du|",
    "ru|Январь,Февраль,Март,Апрель,Май,Июнь,Июль,Август,Сентябрь,Октябрь,Ноябрь,Декабрь|января,февраля,марта,апреля,мая,июня,июля,августа,сентября,октября,ноября,декабря|янв,фев,мар,апр,мая,июн,июл,авг,сен,окт,ноя,дек|Понедельник,Вторник,Среда,Четверг,Пятница,Суббота,Воскресенье|Пн,Вт,Ср,Чт,Пт,Сб,Вс|",
    "sk|január,február,marec,apríl,máj,jún,júl,august,september,október,november,december||jan,feb,mar,apr,máj,jún,júl,aug,sep,okt,nov,dec|Pondelok,Utorok,Streda,Štvrtok,Piatok,Sobota,Nedeľa|Po,Ut,St,Št,Pi,So,Ne|",
    "sl|januar,februar,marec,april,maj,junij,julij,avgust,september,oktober,november,december||jan,feb,mar,apr,maj,jun,jul,avg,sep,okt,nov,dec|ponedeljek,torek,sreda,četrtek,petek,sobota,nedelja|pon,tor,sre,čet,pet,sob,ned|",
    "sq|janar,shkurt,mars,prill,maj,qershor,korrik,gusht,shtator,tetor,nëntor,dhjetor||Jan,Shk,Mar,Pri,Maj,Qer,Kor,Gsh,Sht,Tet,Nën,Dhj|e hënë,e martë,e mërkurë,e enjte,e premte,e shtunë,e diel|Hën,Mar,Mër,Enj,Pre,Sht,Die|PD,MD",
    "sr|јануар,фебруар,март,април,мај,јун,јул,август,септембар,октобар,новембар,децембар||јан,феб,мар,апр,мај,јун,јул,авг,сеп,окт,нов,дец|понедељак,уторак,среда,четвртак,петак,субота,недеља|пон,уто,сре,чет,пет,суб,нед|",
    "sr-latn|januar,februar,mart,april,maj,jun,jul,avgust,septembar,oktobar,novembar,decembar||jan,feb,mar,apr,maj,jun,jul,avg,sep,okt,nov,dec|ponedeljak,utorak,sreda,četvrtak,petak,subota,nedelja|pon,uto,sre,čet,pet,sub,ned|",
    "sv|januari,februari,mars,april,maj,juni,juli,augusti,september,oktober,november,december||jan,feb,mar,apr,maj,jun,jul,aug,sep,okt,nov,dec|måndag,tisdag,onsdag,torsdag,fredag,lördag,söndag|mån,tis,ons,tor,fre,lör,sön|",
    "sw|Januari,Februari,Machi,Aprili,Mei,Juni,Julai,Agosti,Septemba,Oktoba,Novemba,Desemba||Jan,Feb,Mac,Apr,Mei,Jun,Jul,Ago,Sep,Okt,Nov,Des|Jumatatu,Jumanne,Jumatano,Alhamisi,Ijumaa,Jumamosi,Jumapili|J3,J4,J5,Alh,Ij,J1,J2|asubuhi,alasiri",
    "ta|ஜனவரி,பிப்ரவரி,மார்ச்,ஏப்ரல்,மே,ஜூன்,ஜூலை,ஆகஸ்ட்,செப்டம்பர்,அக்டோபர்,நவம்பர்,டிசம்பர்||ஜன.,பிப்.,மார்.,ஏப்.,மே,ஜூன்,ஜூலை,ஆக.,செப்.,அக்.,நவ.,டிச.|திங்கள்,செவ்வாய்,புதன்,வியாழன்,வெள்ளி,சனி,ஞாயிறு|தி,செ,பு,வி,வெ,ச,ஞா|காலை,மாலை",
    "te|జనవరి,ఫిబ్రవరి,మార్చి,ఏప్రిల్,మే,జూన్,జులై,ఆగస్టు,సెప్టెంబర్,అక్టోబర్,నవంబర్,డిసెంబర్||జన,ఫిబ్ర,మార్చి,ఏప్రి,మే,జూన్,జులై,ఆగ,సెప్టెం,అక్టో,నవం,డిసెం|సోమవారం,మంగళవారం,బుధవారం,గురువారం,శుక్రవారం,శనివారం,ఆదివారం|సోమ,మంగళ,బుధ,గురు,శుక్ర,శని,ఆది|ఉ.,సా.",
    "tg|Января,Февраля,Марта,Апреля,Мая,Июня,Июля,Августа,Сентября,Октября,Ноября,Декабря||Янв,Фев,Мар,Апр,Май,Июн,Июл,Авг,Сен,Окт,Ноя,Дек|Понедельник,Вторник,Среда,Четверг,Пятница,Суббота,Воскресенье|Пнд,Втр,Срд,Чтв,Птн,Сбт,Вск|",
    "th|มกราคม,กุมภาพันธ์,มีนาคม,เมษายน,พฤษภาคม,มิถุนายน,กรกฎาคม,สิงหาคม,กันยายน,ตุลาคม,พฤศจิกายน,ธันวาคม||ม.ค.,ก.พ.,มี.ค.,เม.ย.,พ.ค.,มิ.ย.,ก.ค.,ส.ค.,ก.ย.,ต.ค.,พ.ย.,ธ.ค.|จันทร์,อังคาร,พุธ,พฤหัสบดี,ศุกร์,เสาร์,อาทิตย์|จ.,อ.,พ.,พฤ.,ศ.,ส.,อา.|AM,PM",
    "tk|Ýanwar,Fewral,Mart,Aprel,Maý,Iýun,Iýul,Awgust,Sentýabr,Oktýabr,Noýabr,Dekabr||Ýan,Few,Mar,Apr,Maý,Iýn,Iýl,Awg,Sen,Okt,Noý,Dek|Sişenbe,Çarşenbe,Penşenbe,Anna,Şenbe,Ýekşenbe,Duşenbe|Siş,Çar,Pen,Ann,Şen,Ýek,Duş|",
    "tr|Ocak,Şubat,Mart,Nisan,Mayıs,Haziran,Temmuz,Ağustos,Eylül,Ekim,Kasım,Aralık||Oca,Şub,Mar,Nis,May,Haz,Tem,Ağu,Eyl,Eki,Kas,Ara|Pazartesi,Salı,Çarşamba,Perşembe,Cuma,Cumartesi,Pazar|Pzt,Sal,Çrş,Prş,Cum,Cts,Paz|ÖÖ,ÖS",
    "tt|гыйнвар,февраль,март,апрель,май,июнь,июль,август,сентябрь,октябрь,ноябрь,декабрь||гыйн,фев,мар,апр,май,июнь,июль,авг,сент,окт,нояб,дек|дүшәмбе,сишәмбе,чәршәмбе,пәнҗешәмбе,җомга,шимбә,якшәмбе|дүш,сиш,чәр,пәнҗ,җом,шим,якш|",
    "ug|يانۋار,فېۋرال,مارت,ئاپرېل,ماي,ئىيۇن,ئىيۇل,ئاۋغۇست,سېنتەبىر,ئۆكتەبىر,نويابىر,دېكابىر||يانۋار,فېۋرال,مارت,ئاپرېل,ماي,ئىيۇن,ئىيۇل,ئاۋغۇست,سېنتەبىر,ئۆكتەبىر,نويابىر,دېكابىر|دۈشەنبە,سەيشەنبە,چارشەنبە,پەيشەنبە,جۈمە,شەنبە,يەكشەنبە|د,س,چ,پ,ج,ش,ي|",
    "uk|січень,лютий,березень,квітень,травень,червень,липень,серпень,вересень,жовтень,листопад,грудень|січня,лютого,березня,квітня,травня,червня,липня,серпня,вересня,жовтня,листопада,грудня|січ,лют,бер,кві,тра,чер,лип,сер,вер,жов,лис,гру|понеділок,вівторок,середа,четвер,п'ятниця,субота,неділя|пн,вт,ср,чт,пт,сб,нд|",
    "ur|جنوری,فروری,مارچ,اپریل,مئی,جون,جولائی,اگست,ستمبر,اکتوبر,نومبر,دسمبر||جنوری,فروری,مارچ,اپریل,مئی,جون,جولائی,اگست,ستمبر,اکتوبر,نومبر,دسمبر|پير,منگل,بدھ,جمعرات,جمعه,هفته,اتوار|پير,منگل,بدھ,جمعرات,جمعه,هفته,اتوار|ص,ش",
    "uz|Yanvar,Fevral,Mart,Aprel,May,Iyun,Iyul,Avgust,Sentabr,Oktabr,Noyabr,Dekabr||Yan,Fev,Mar,Apr,May,Iyn,Iyl,Avg,Sen,Okt,Noy,Dek|Dushanba,Seshanba,Chorshanba,Payshanba,Juma,Shanba,Yakshanba|Du,Se,Cho,Pay,Ju,Sha,Yak|",
    "vi|Tháng 1,Tháng 2,Tháng 3,Tháng 4,Tháng 5,Tháng 6,Tháng 7,Tháng 8,Tháng 9,Tháng 10,Tháng 11,Tháng 12||Thg 1,Thg 2,Thg 3,Thg 4,Thg 5,Thg 6,Thg 7,Thg 8,Thg 9,Thg 10,Thg 11,Thg 12|Thứ hai,Thứ ba,Thứ tư,Thứ năm,Thứ sáu,Thứ bảy,Chủ nhật|T2,T3,T4,T5,T6,T7,CN|AM,PM",
    "zh-hans|一月,二月,三月,四月,五月,六月,七月,八月,九月,十月,十一月,十二月||1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月|星期一,星期二,星期三,星期四,星期五,星期六,星期日|一,二,三,四,五,六,日|上午,下午",
    "zh-hant|一月,二月,三月,四月,五月,六月,七月,八月,九月,十月,十一月,十二月||1月,2月,3月,4月,5月,6月,7月,8月,9月,10月,11月,12月|週一,週二,週三,週四,週五,週六,週日|一,二,三,四,五,六,日|上午,下午",
};

const char *i18n_names_for(const char *code)
{
    const LanguageInfo *info = i18n_language_row(code, strlen(code));
    if (info && info->fallback)
        code = info->fallback;
    for (size_t size = strlen(code);; size = strcspn(code, "-")) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (strncasecmp(rows[i], code, size) == 0 && rows[i][size] == '|')
                return rows[i] + size + 1;
        if (!strchr(code, '-') || size == strcspn(code, "-"))
            return NULL;
    }
}

/* The index-th word of a section, or NULL: it has none. */
static const char *name_of(const char *names, int section, int index)
{
    for (; section > 0; section--)
        names += strcspn(names, "|") + 1;
    for (; index > 0 && *names != '|' && *names; index--) {
        names += strcspn(names, ",|");
        names += *names == ',';
    }
    size_t size = strcspn(names, ",|");
    return size ? capo_strndup(names, size) : NULL;
}

static const char *date_word(DateWord kind, int index, const char *english)
{
    static const struct { const char *context; int sections[2]; } kinds[] = {
        [WORD_MONTH] = { NULL, { 0, -1 } },
        [WORD_MONTH_ALT] = { "alt. month", { 1, 0 } },
        [WORD_MONTH_SHORT] = { NULL, { 2, -1 } },
        [WORD_MONTH_AP] = { "abbrev. month", { 2, -1 } },
        [WORD_WEEKDAY] = { NULL, { 3, -1 } },
        [WORD_WEEKDAY_SHORT] = { NULL, { 4, -1 } },
        [WORD_HALF] = { NULL, { 5, -1 } },
        [WORD_HALF_DOTTED] = { NULL, { 5, -1 } },
        [WORD_HOUR] = { NULL, { -1, -1 } },
    };
    const ActiveLanguage *active = i18n_active();
    /* A language with names of its own does not take them from the default language's catalogue. */
    const char *text = i18n_catalog_word(active->catalog, kinds[kind].context, english, !active->names);
    for (int i = 0; i < 2 && !text && active->names && kinds[kind].sections[i] >= 0; i++)
        text = name_of(active->names, kinds[kind].sections[i], index);
    return text;
}

void i18n_names_use(void)
{
    capo_date_word_hook = date_word;
}
